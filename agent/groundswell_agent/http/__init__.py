"""The engine's own HTTP/1.1 client: thin, on uvloop and httptools, a connection per VU.

client      what a VU holds                  connection  the protocol, the hot path
request     what to send, prepared once      reader      headers and body, for those who ask
exchange    what came of it, one record      head        one response head, looked back at
connector   opens connections, per agent     sweeper     the deadlines of all requests
resolver    names to addresses, per agent    tls         one context per agent
"""
