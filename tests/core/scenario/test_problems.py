"""Every mistake in a test file, and the line that is printed of it."""

# One row of a table is one line.
# ruff: noqa: E501

from __future__ import annotations

import pytest

from groundswell.errors import InvalidTest
from groundswell.exit_codes import ExitCode
from groundswell.scenario.fake import LOCALES
from tests.core.scenario.writing import (
    loaded,
    problems,
    with_scenario,
    with_steps,
    with_top,
)

UNITS = "write a number and a unit: 300ms, 10s, 1m30s, 2h"
EXECUTORS = (
    "constant-vus, ramping-vus, shared-iterations, per-vu-iterations, "
    "constant-arrival-rate, ramping-arrival-rate"
)

SCENARIOS = [
    ("executor: constant-vus", "5:5: `duration` is missing in a scenario"),
    ("executor: constant-vus\nduration: 10", "6:15: `duration`: 10 has no unit (write 10s for seconds, 10ms, 10m …)"),
    ("executor: constant-vus\nduration: -1s", f"6:15: `duration`: '-1s' is negative ({UNITS})"),
    ("executor: constant-vus\nduration: .nan", f"6:15: `duration`: '.nan' is not a duration ({UNITS})"),
    ("executor: constant-vus\nduration: 12:30:00", f"6:15: `duration`: '12:30:00' is not a duration ({UNITS})"),
    ("executor: constant-vus\nduration: 0s", "6:15: `duration` must be longer than 0s"),
    ("executor: constant-vus\nduration: []", "6:15: `duration` must be a duration such as 10s or 1m30s, not a list"),
    ("executor: constant-vus\nduration: 1m\nvus: ten", "7:10: `vus` must be a whole number, not ten"),
    ("executor: constant-vus\nduration: 1m\nvus: '10'", "7:10: `vus` must be a whole number, not '10'"),
    ("executor: constant-vus\nduration: 1m\nvus: 1.5", "7:10: `vus` must be a whole number, not 1.5"),
    ("executor: constant-vus\nduration: 1m\nvus: .nan", "7:10: `vus` must be a whole number, not .nan"),
    ("executor: constant-vus\nduration: 1m\nvus: true", "7:10: `vus` must be a whole number, not true"),
    ("executor: constant-vus\nduration: 1m\nvus: 1_000", "7:10: `vus` must be a whole number, not 1_000"),
    ("executor: constant-vus\nduration: 1m\nvus:", "7:9: `vus` must be a whole number, not nothing"),
    ("executor: constant-vus\nduration: 1m\nvus: 0", "7:10: `vus` must be at least 1, not 0"),
    ("executor: constant-vus\nduration: 1m\nvus: -3", "7:10: `vus` must be at least 1, not -3"),
    ("executor: constant-vus\nduration: 1m\nvus: 99999999999", "7:10: `vus` must be at most 10000000, not 99999999999"),
    ("executor: constant-vus\nduration: 1m\nvus: 1\nvus: 2", "8:5: `vus` is given twice (first on line 7)"),
    ("executor: constant-vus\nduration: 1m\nrate: 5/s", "7:5: `rate` is not an option of constant-vus (constant-arrival-rate takes `rate`)"),
    ("executor: constant-vus\nduration: 1m\nmaxVUs: 5", "7:5: `maxVUs` is not an option of constant-vus (constant-arrival-rate and ramping-arrival-rate take `max_vus`)"),
    ("executor: constant-vus\nduration: 1m\nstages: []", "7:5: `stages` is not an option of constant-vus (ramping-vus and ramping-arrival-rate take `stages`)"),
    ("executor: constant-vus\nduration: 1m\nstartTime: 5s", "7:5: unknown key `startTime` in a scenario (did you mean `start_time`?)"),
    ("executor: constant-vus\nduration: 1m\ngracefulStop: 5s", "7:5: unknown key `gracefulStop` in a scenario (did you mean `graceful_stop`?)"),
    ("executor: constant-vus\nduration: 1m\nexec: f", "7:5: unknown key `exec` in a scenario (did you mean `steps`?)"),
    ("executor: constant-vus\nduration: 1m\nvuz: 5", "7:5: unknown key `vuz` in a scenario (did you mean `vus`?)"),
    ("executor: constant-vus\nduration: 1m\ncookies: stay", "7:14: `cookies` is stay, not one of iteration, keep, off"),
    ("executor: constant-vus\nduration: 1m\ntags: {status: a}", "7:12: the tag `status` is one that groundswell sets itself (choose another name)"),
    ("executor: constant-vus\nduration: 1m\ntags: {1x: a}", "7:12: `1x` cannot be a tag (letters, digits and _, no digit first)"),
    ("executor: constant-vus\nduration: 1m\ntags: {ok: }", '7:16: `ok` has no value (for an empty one write "")'),
    ("executor: constant-vus\nduration: 1m\ntags: []", "7:11: `tags` must be a mapping, not a list (such as {team: checkout})"),
    ("executor: constant-vus\nduration: 1m\nenv: {a-b: c}", "7:11: `a-b` is not the name of a variable (such as BASE_URL)"),
    ("executor: constant-vu\nduration: 1m", "5:15: there is no executor constant-vu (did you mean `constant-vus`?)"),
    ("executor: externally-controlled", f"5:15: there is no executor externally-controlled (known here: {EXECUTORS})"),
    ("executor: [a]", "5:15: `executor` must be text, not a list"),
    ("vus: 3", f"5:5: `executor` is missing in a scenario (one of {EXECUTORS})"),
    ("executor: shared-iterations\nvus: 10", "5:5: there are fewer `iterations` to share than `vus` (each VU runs one at least)"),
    ("executor: ramping-vus", "5:5: `stages` is missing in a scenario"),
    ("executor: ramping-vus\nstages: []", "6:13: `stages` is empty (such as [{duration: 1m, target: 10}])"),
    ("executor: ramping-vus\nstages: [{duration: 0s, target: 3}]", "6:13: all stages together last 0s (give one of them a duration)"),
    ("executor: ramping-vus\nstages: [{target: 3}]", "6:14: `duration` is missing in a stage"),
    ("executor: ramping-vus\nstages: [{duration: 1m, target: 3/s}]", "6:37: `target` must be a whole number, not 3/s"),
    ("executor: ramping-vus\nstart_vus: 0\nstages: [{duration: 1m, target: 0}]", "7:13: no stage has a target above 0 (there would be no load)"),
    ("executor: ramping-arrival-rate\nmax_vus: 2\nstages: [{duration: 1m, target: 3}]", "7:37: `target`: 3 has no unit (write 3/s, or add time_unit)"),
    ("executor: constant-arrival-rate\nmax_vus: 2\nduration: 1m", "5:5: `rate` is missing in a scenario"),
    ("executor: constant-arrival-rate\nmax_vus: 2\nduration: 1m\nrate: 500", "8:11: `rate`: 500 has no unit (write 500/s, or add time_unit)"),
    ("executor: constant-arrival-rate\nmax_vus: 2\nduration: 1m\nrate: 5/s\ntime_unit: 1s", "8:11: `rate`: 5/s has a unit, and so has `time_unit` (leave out one of them)"),
    ("executor: constant-arrival-rate\nmax_vus: 2\nduration: 1m\nrate: 5\ntimeUnit: 1s", "9:5: unknown key `timeUnit` in a scenario (did you mean `time_unit`?)"),
    ("executor: constant-arrival-rate\nmax_vus: 2\nduration: 1m\nrate: 0/s", "8:11: `rate` must be more than 0"),
    ("executor: constant-arrival-rate\nmax_vus: 2\nduration: 1m\nrate: -5\ntime_unit: 1s", "8:11: `rate`: -5 is negative (write 500/s, 30/m, 10/h)"),
    ("executor: constant-arrival-rate\nmax_vus: 2\nduration: 1m\nrate: .inf\ntime_unit: 1s", "8:11: `rate` must be a rate such as 500/s, not .inf"),
    ("executor: constant-arrival-rate\nmax_vus: 2\nduration: 1m\nrate: 1e15\ntime_unit: 1s", "8:11: `rate`: 1e15 is too high (the highest is 1000000000/s)"),
    ("executor: constant-arrival-rate\nduration: 1m\nrate: 5/s", "5:5: `max_vus` is missing in a scenario with arrivals (the most VUs that may run at once, over all agents)"),
    ("executor: constant-arrival-rate\nduration: 1m\nrate: 5/s\npreAllocatedVUs: 5", "8:5: unknown key `preAllocatedVUs` in a scenario (did you mean `pre_allocated_vus`?)"),
    ("executor: constant-arrival-rate\nmax_vus: 2\npre_allocated_vus: 3\nduration: 1m\nrate: 5/s", "7:24: `pre_allocated_vus` 3 is more than `max_vus` 2"),
    ("executor: constant-arrival-rate\nmax_vus: 2\nduration: 1m\nrate: 5/s\narrivals: poison", "9:15: `arrivals` is poison, not one of even, poisson (did you mean poisson?)"),
]  # fmt: skip

SUBJECTS = "status, duration, size, body, header.NAME, $path"
STATUS = "a status such as 200, or a class such as 2xx"
STEPS = [
    ("- pause", "8:9: a step is a mapping, not pause (such as `- get: /login`)"),
    ("- {}", "8:9: a step says what to do (it has one of get, post, put, patch, delete, head, options, group, if, repeat, while, weighted, parallel, pause, pace, include)"),
    ("- sleep: 1s", "8:9: unknown key `sleep` in a step (did you mean `pause`?)"),
    ("- GET: /x", "8:9: unknown key `GET` in a step (did you mean `get`?)"),
    ("- get: /a\n  post: /b", "9:9: one step has `get` and `post` (make two steps of it)"),
    ("- pause: 1s\n  get: /x", "9:9: one step has `pause` and `get` (make two steps of it)"),
    ("- pause: 1s\n  name: x", "9:9: unknown key `name` in a pause (known here: pause)"),
    ("- pause: 1", "8:16: `pause`: 1 has no unit (write 1s for seconds, 1ms, 1m …)"),
    ("- pause: 1..3s", "8:16: `pause`: 1 has no unit (write 1s for seconds, 1ms, 1m …)"),
    ("- pause: 3s..1s", "8:16: `pause` ends before it starts: '3s..1s' (write 1s..3s)"),
    ("- pause: [1s]", "8:16: `pause` must be a duration such as 2s, or a range such as 1s..3s, not a list"),
    ("- get:", "8:13: `get` must be a path such as /login, or a URL, not nothing"),
    ("- get: ''", "8:14: `get` must be a path such as /login, or a URL, not ''"),
    ("- get: a/b", "8:14: `get` a/b starts with no `/` (write /a/b, or a whole URL)"),
    ("- get: /a b", "8:14: `get` /a b holds a blank or a control character (write it as %20)"),
    ("- get: /a#b", "8:14: `get` /a#b holds a fragment, which is never sent (write %23 for a `#`)"),
    ("- get: ftp://x/y", "8:14: `get` 'ftp://x/y' is not http:// or https:// (write https://host/path)"),
    ("- get: http:///y", "8:14: `get` 'http:///y' has no host"),
    ("- get: http://x:99999/", "8:14: `get` 'http://x:99999/' is not a URL: Port out of range 0-65535"),
    ("- get: http://u:p@x/y", "8:14: `get` holds a user name or password (send them in an Authorization header)"),
    ("- get: http://mü.de/y", "8:14: `get` 'mü.de' is not a host name (write xn--m-eha.de)"),
    ("- get: /a\n  timeout: 5", "9:18: `timeout`: 5 has no unit (write 5s for seconds, 5ms, 5m …)"),
    ("- get: /a\n  timeout: 0s", "9:18: `timeout` must be longer than 0s"),
    ("- get: /a\n  name: 5", '9:15: `name` must be text, not 5 (quote it: "5")'),
    ("- get: /a\n  name: ' '", "9:15: `name` is empty"),
    ("- get: /a\n  body: 5", '9:15: `body` must be text, not 5 (quote it: "5")'),
    ("- get: /a\n  body: x\n  json: {}", "9:15: a request has either `json` or `body` (remove one of them)"),
    ("- get: /a\n  json: {a: .nan}", "9:19: `a` is .nan, which JSON has no number for (quote it to send text)"),
    ("- get: /a\n  headers: {Content-Length: 5}", "9:19: the header `Content-Length` is one that groundswell sets itself (leave it out)"),
    ("- get: /a\n  headers: {a b: x}", "9:19: `a b` is not the name of a header (such as X-Request-Id)"),
    ("- get: /a\n  headers: {A: x, a: y}", "9:25: the header `a` is given twice (first as `A`)"),
    ('- get: /a\n  headers: {A: "x\\ny"}', "9:22: `A` must be one line"),
    ("- get: /a\n  tags: {url: x}", "9:16: the tag `url` is one that groundswell sets itself (choose another name)"),
    ("- get: /a\n  query: [a]", "9:16: `query` must be a mapping, not a list (such as {page: 2})"),
    ("- get: /a\n  expect_status: 99", f"9:24: `expect_status` must be {STATUS}, not 99"),
    ("- get: /a\n  expect_status: [6xx]", f"9:25: `expect_status` must be {STATUS}, not 6xx"),
    ("- get: /a\n  expect_status: []", "9:24: `expect_status` is empty (such as [200, 304])"),
    ("- get: /a\n  check: 200", "9:16: `check` must be a mapping, not 200 (such as {status: 200})"),
    ("- get: /a\n  check: {}", f"9:16: a check says what to look at (one of {SUBJECTS})"),
    ("- get: /a\n  check: {name: x}", f"9:16: a check says what to look at (one of {SUBJECTS})"),
    ("- get: /a\n  check: {name: x, status: 200, body: y}", "9:39: a check with a name looks at one thing (make a list of two checks of it)"),
    ("- get: /a\n  check: {state: 200}", "9:17: unknown key `state` in a check (did you mean `status`?)"),
    ("- get: /a\n  check: {x: 200}", f"9:17: unknown key `x` in a check (known here: {SUBJECTS}, name)"),
    ("- get: /a\n  check: {header.a b: 200}", f"9:17: unknown key `header.a b` in a check (known here: {SUBJECTS}, name)"),
    ("- get: /a\n  check: {status: < x}", "9:25: `status` compares with x, which is not a number (such as \"< 5\")"),
    ("- get: /a\n  check: {status: < 4}", '9:25: `status` compares with 4, which is not a status (such as "< 400")'),
    ("- get: /a\n  check: {status: ~ 2..}", "9:25: `status` ~ 2..: a status is a number (write 200, 2xx or '< 400')"),
    ("- get: /a\n  check: {status: <}", '9:25: `status` has nothing to compare with after `<` (such as "< 5")'),
    ("- get: /a\n  check: {duration: 1s}", '9:27: `duration` 1s is no comparison (write "< 300ms")'),
    ("- get: /a\n  check: {duration: < 300}", "9:27: `duration`: 300 has no unit (write 300s for seconds, 300ms, 300m …)"),
    ("- get: /a\n  check: {size: < big}", "9:23: `size`: 'big' is not a size (write \"< 64KiB\", or a number of bytes)"),
    ("- get: /a\n  check: {size: contains 5}", "9:23: `size` contains 5: a size is a number (write \"< 64KiB\")"),
    ("- get: /a\n  check: {$.a: '> x'}", "9:22: `$.a` compares with x, which is not a number (such as \"> 5\")"),
    ("- get: /a\n  check: {body: '~ ('}", "9:23: `body` holds a pattern that is none: missing ), unterminated subpattern at position 0"),
    ("- get: /a\n  check: {$.a: {}}", "9:22: `$.a` must be a value, a list of values or a comparison, not a mapping (such as \"> 0\")"),
    ("- get: /a\n  check: {$.a: ['> 1']}", "9:23: `$.a`: a comparison cannot stand in a list"),
    ("- get: /a\n  check: {$.a: []}", "9:22: `$.a` is empty (such as [a, b])"),
    ("- get: /a\n  check: {$.a: }", "9:22: `$.a` has no value (for null write `null`)"),
    ("- get: /a\n  check: {$.a b: 1}", "9:17: `$.a b` is not a path into JSON: unexpected token 'b' (such as $.items[0].id)"),
    ("- get: /a\n  check: {$a: 1}", "9:17: `$a` is not a path into JSON: unexpected token 'a' (such as $.items[0].id)"),
    ("- get: /a\n  checks: {status: 200}", "9:9: unknown key `checks` in a request (did you mean `check`?)"),
    ("- get: /a\n  check: {status: 302}", "9:16: `check` awaits a redirect, and redirects are followed (add `redirects: 0`)"),
    ("- get: /a\n  expect_status: [301, 302]", "9:24: `expect_status` awaits a redirect, and redirects are followed (add `redirects: 0`)"),
    ("- get: /a\n  redirects: -1", "9:20: `redirects` must be at least 0, not -1"),
    ("- get: /a\n  maxRedirects: 3", "9:9: unknown key `maxRedirects` in a request (did you mean `redirects`?)"),
    ("- get: /a\n  expectStatus: 3", "9:9: unknown key `expectStatus` in a request (did you mean `expect_status`?)"),
    ("- get: /a\n  onFail: continue", "9:9: unknown key `onFail` in a request (did you mean `on_fail`?)"),
    ("- get: /a\n  on_fail: stop", "9:18: `on_fail` is stop, not one of continue, end-iteration"),
    ("- post: /a\n  form: {a: b}\n  json: {}", "9:15: a request has either `json` or `form` (remove one of them)"),
    ("- post: /a\n  multipart: {}", "9:20: `multipart` is empty (such as {photo: {file: photo.jpg}})"),
    ("- post: /a\n  multipart: [a]", "9:20: `multipart` must be a mapping, not a list (such as {photo: {file: photo.jpg}})"),
    ("- post: /a\n  multipart: {a: {}}", "9:24: a part says what is sent (one of file, text)"),
    ("- post: /a\n  multipart: {a: {text: x, file: y}}", "9:31: a part has either `file` or `text` (remove one of them)"),
    ("- post: /a\n  multipart: {a: {file: x, typ: y}}", "9:34: unknown key `typ` in a part (did you mean `type`?)"),
    ("- post: /a\n  multipart: {a: {file: x, type: y}}", "9:40: `type` y is not a media type (such as image/png)"),
    ("- post: /a\n  multipart: {a: {file: '{{ vu }}'}}", "9:31: `file` must be known before the run, and '{{ vu }}' is not ({{ env.NAME }} is what works here)"),
    ("- post: /a\n  multipart: {a: }", "9:24: `a` has no value (for an empty one write \"\")"),
    ("- post: /a\n  multipart: {a: '{{ tokn }}'}\n  capture: {token: $.t}", "9:24: nothing is known here by the name `tokn` (did you mean `token`?)"),
    ("- post: /a\n  multipart: {a: b}\n  headers: {content-type: text/plain}", "10:19: `multipart` sets the Content-Type itself (leave it out)"),
    ("- post: /a\n  multipart: {a: b}\n  file: c", "10:15: a request has either `multipart` or `file` (remove one of them)"),
    ("- post: /a\n  file: {}", "9:15: `path` is missing in file"),
    ("- post: /a\n  file: {path: a, type: text/}", "9:31: `type` text/ is not a media type (such as image/png)"),
    ("- post: /a\n  files: {a: b}", "9:9: unknown key `files` in a request (did you mean `multipart`?)"),
    ("- get: /a\n  auth: {}", "9:15: `auth` says how (one of basic, bearer, digest)"),
    ("- get: /a\n  auth: {digest: {user: a}}", "9:24: `password` is missing in digest"),
    ("- get: /a\n  auth: {digest: {user: 'a:b', password: c}}", "9:31: `user` holds a colon, which ends a user name here"),
    ("- get: /a\n  auth: {bearer: a, digest: {user: a, password: c}}", "9:35: `auth` has `bearer` and `digest` (remove one of them)"),
    ("- get: /a\n  auth: {basic: {user: a}}", "9:23: `password` is missing in basic"),
    ("- get: /a\n  auth: {basic: {user: 'a:b', password: c}}", "9:30: `user` holds a colon, which ends a user name here"),
    ("- get: /a\n  capture: {a: b}", "9:22: `a` b is not a path into JSON: it starts with no $ (such as $.items[0].id)"),
    ("- get: /a\n  capture: {}", "9:18: `capture` is empty (such as {token: $.token})"),
    ("- get: /a\n  capture: {vu: $.a}", "9:19: `vu` has a meaning of its own (choose another name)"),
    ("- get: /a\n  capture: {a-b: $.a}", "9:19: `a-b` cannot be the name of a capture (letters, digits and _, no digit first)"),
    ("- get: /a\n  capture: {a: {}}", "9:22: a capture says where the value is (one of json, header, cookie, regex, field, or a path such as $.token)"),
    ("- get: /a\n  capture: {a: {header: X, cookie: b}}", "9:42: one capture has `header` and `cookie` (make two of it)"),
    ("- get: /a\n  capture: {a: {regex: '('}}", "9:30: `regex` holds a pattern that is none: missing ), unterminated subpattern at position 0"),
    ("- get: /a\n  capture: {a: {regex: (a), group: 2}}", "9:42: the pattern has no group 2, it has 1"),
    ("- get: /a\n  capture: {a: {json: $.a, group: 1}}", "9:41: `group` goes with `regex` only"),
    ("- get: /a\n  capture: {a: {header: a b}}", "9:31: `header` a b is not the name of a header (such as X-Session)"),
    ("- get: /a\n  capture: {a: {jsonpath: $.a}}", "9:23: unknown key `jsonpath` in a capture (did you mean `json`?)"),
    ("- if: a\n  then: [{get: /}]", "8:13: the condition a has nothing where an operator: ==, !=, <=, >=, <, >, ~ or contains must stand (such as price < 100)"),
    ("- if: vu = 1\n  then: [{get: /}]", "8:13: the condition vu = 1 has '= 1' where an operator: ==, !=, <=, >=, <, >, ~ or contains must stand (`=` is written ==)"),
    ("- if: vu ~ 1\n  then: [{get: /}]", "8:13: the condition vu ~ 1 has no pattern in quotes after `~` (such as state ~ '^done')"),
    ("- if: vu == 1 or\n  then: [{get: /}]", "8:13: the condition vu == 1 or ends where an operand must stand (such as price < 100)"),
    ("- if: (vu == 1\n  then: [{get: /}]", "8:13: the condition (vu == 1 has a `(` that is never closed"),
    ("- if: vu == 1 vu\n  then: [{get: /}]", "8:13: the condition vu == 1 vu is not understood from 'vu' on"),
    ("- if: env.X == 1\n  then: [{get: /}]", "8:13: `env` stands in braces: {{ env.X }}"),
    ("- if: vu == 1", "8:9: `then` is missing in an `if`"),
    ("- then: [{get: /}]", "8:9: a step says what to do (it has one of get, post, put, patch, delete, head, options, group, if, repeat, while, weighted, parallel, pause, pace, include)"),
    ("- while: vu == 1\n  steps: [{get: /}]", "8:9: `max` is missing in a `while`"),
    ("- repeat: -1\n  steps: [{get: /}]", "8:17: `repeat` must be at least 0, not -1"),
    ("- repeat: 'a {{ vu }}'\n  steps: [{get: /}]", "8:17: `repeat` must be one template and nothing else"),
    ("- weighted: []", "8:19: `weighted` is empty (such as [{weight: 70, steps: [{get: /a}]}])"),
    ("- weighted: [{steps: [{get: /}]}]", "8:20: `weight` is missing in a branch"),
    ("- parallel: {get: /}", "8:19: `parallel` must be a list, not a mapping (such as [{get: /a}, {get: /b}])"),
    ("- group: a\n  steps: [{gett: /}]", "9:18: unknown key `gett` in a step (did you mean `get`?)"),
    ("- pace: 0s", "8:15: `pace` must be longer than 0s"),
    ("- pause: {normal: 1s}", "8:16: `deviation` is missing in a pause"),
    ("- include: b.yaml", "8:18: the included file b.yaml is not part of this test (a constant path, from the folder of the including file)"),
    ("- include: b.yaml\n  name: x", "9:9: an `include` has no other key (make two steps of it)"),
    ("- get: /{{ tokn }}\n- get: /\n  capture: {token: $.t}", "8:14: nothing is known here by the name `tokn` (did you mean `token`?)"),
    ("- get: /{{ token }}\n- get: /\n  capture: {token: $.t}", "8:14: `token` is not captured yet here (it is on line 10)"),
    ("- get: /{{ vu.x }}", "8:14: `vu` has nothing in it, no `x`"),
    ("- get: /{{ fake.emial }}", "8:14: there is no fake `emial` (did you mean `email`?)"),
    ("- get: /{{ fake.zzz }}", "8:14: there is no fake `zzz` (such as email, full_name, city; docs/test-file.md lists all)"),
    ("- get: /{{ fake }}", "8:14: `fake` is many values: name one of them (such as email, full_name, city; docs/test-file.md lists all)"),
    ("- get: /{{ fake.email.x }}", "8:14: `fake.email` has nothing in it (fake.email[1] is another one, up to [999])"),
    ("- get: /{{ fake.email[1000] }}", "8:14: `fake.email` has nothing in it (fake.email[1] is another one, up to [999])"),
    ("- get: /a\n  capture: {fake: $.a}", "9:19: `fake` has a meaning of its own (choose another name)"),
    ("- get: /{{ secret }}", "8:14: a secret has one name (write {{ secret.NAME }})"),
    ("- get: /a\n  name: '{{ vu }}'", "9:15: `name` must be known before the run, and '{{ vu }}' is not ({{ env.NAME }} is what works here)"),
    ("- get: a/{{ vu }}", "8:14: `get` a/{{ vu }} starts with no `/` (write /a/x, or a whole URL)"),
]  # fmt: skip

TOP = [
    ("warmup: 5", "7:9: `warmup`: 5 has no unit (write 5s for seconds, 5ms, 5m …)"),
    ("locale: english", "7:9: `locale` is english, not one of " + ", ".join(LOCALES)),
    ("setup: []", "7:8: `setup` is empty (such as `- get: /`)"),
    ("setup: {get: /}", "7:8: `setup` must be a list, not a mapping (such as `- get: /`)"),
    ("setup_timeout: 5s", "7:16: `setup_timeout` is given, and no `setup`"),
    ("teardown: [{get: '/{{ setup.id }}'}]", "7:18: there is no `setup` that has ended here (in `setup` itself, a capture has its own name: {{ token }})"),
    ("setup: [{get: '/{{ setup.id }}'}]", "7:15: there is no `setup` that has ended here (in `setup` itself, a capture has its own name: {{ token }})"),
    ("setup: [{get: /, capture: {id: $.id}}]\nteardown: [{get: '/{{ setup.di }}'}]", "8:18: `setup` has no field `di` (there are id)"),
    ("setup: [{get: /}]\nteardown: [{get: '/{{ setup.id }}'}]", "8:18: `setup` has no field `id` (it captures nothing)"),
    ("setup: [{get: /}]\nteardown: [{get: '/{{ setup }}'}]", "8:18: `setup` is all that setup captures: name a field of it"),
    ("setup: [{get: /, capture: {setup: $.id}}]", "7:28: `setup` has a meaning of its own (choose another name)"),
    ("teardown: [{get: '/{{ token }}'}]", "7:18: nothing is known here by the name `token` (capture it in a step before)"),
    ("http: 5", "7:7: `http` must be a mapping, not 5"),
    ("http: {connection: new}", "7:8: unknown key `connection` in http (did you mean `connections`?)"),
    ("http: {connections: old}", "7:21: `connections` is old, not one of per-vu, new"),
    ("http: {connections: shared}", "7:21: `connections` does not say how many (write {shared: 50})"),
    ("http: {connections: {shared: 0}}", "7:30: `shared` must be at least 1, not 0"),
    ("http: {connections: {share: 5}}", "7:22: unknown key `share` in connections (did you mean `shared`?)"),
    ("http: {dns_ttl: 5}", "7:17: `dns_ttl`: 5 has no unit (write 5s for seconds, 5ms, 5m …)"),
    ("http: {connect_timeout: 0s}", "7:25: `connect_timeout` must be longer than 0s"),
    ("http: {hosts: {}}", "7:15: `hosts` is empty (such as {shop.example.com: 10.0.0.7})"),
    ("http: {hosts: {a b: 10.0.0.1}}", "7:16: `a b` is not the name of a host (such as shop.example.com, shop.example.com:8443 or *.example.com)"),
    ("http: {hosts: {10.0.0.1: 10.0.0.2}}", "7:16: `10.0.0.1` is an address, which needs no other"),
    ("http: {hosts: {shop.test: other.test}}", "7:27: `shop.test` other.test is not an IP address (names are looked up by themselves)"),
    ("http: {hosts: {shop.test: [10.0.0.1, '10.0.0.2:99999']}}", "7:38: `shop.test` '10.0.0.2:99999' has no port between 1 and 65535"),
    ("http: {source_addresses: [10.0.0.1, eth0]}", "7:37: `source_addresses` eth0 is not an IP address (or a network such as 10.0.0.0/28)"),
    ("http: {source_addresses: 10.0.0.0/8}", "7:26: `source_addresses` 10.0.0.0/8 holds more than 1,024 addresses"),
    ("http: {proxy: proxy.test}", "7:15: `proxy` must be an address such as http://proxy.internal:3128, not proxy.test"),
    ("http: {proxy: 'https://proxy.test'}", "7:15: `proxy` 'https://proxy.test' is a proxy over TLS, which is not supported yet (http:// is how both http and https go through a proxy)"),
    ("http: {proxy: 'http://a:b@proxy.test'}", "7:15: `proxy` holds a user name (`user` and `password` are keys of `proxy`)"),
    ("http: {proxy: {except: [localhost]}}", "7:15: `url` is missing in proxy"),
    ("http: {proxy: {url: 'http://p.test', password: x}}", "7:48: `password` needs a `user`"),
    ("http: {proxy: {url: 'http://p.test', user: '{{ vu }}'}}", "7:44: `user` must be known before the run, and '{{ vu }}' is not ({{ env.NAME }} and {{ secret.NAME }} work here)"),
    ("http: {proxy: {url: 'http://p.test', except: [.internal]}}", "7:47: `except` .internal starts with a dot (write *.internal)"),
    ("http: {proxy: {url: 'http://p.test', except: [10.0.0.0/99]}}", "7:47: `except` 10.0.0.0/99 is neither a host nor a network (such as shop.example.com, shop.example.com:8443 or *.example.com)"),
    ("http: {proxy: 'http://p.test', hosts: {shop.test: 10.0.0.7, p.test: 10.0.0.8}}", "7:40: `shop.test` is looked up by the proxy, whatever `hosts` says (add it to the proxy's `except`, or remove it)"),
    ("http: {tls: {verify: no}}", "7:22: `verify` must be true or false, not no"),
    ("http: {tls: {insecure: true}}", "7:14: unknown key `insecure` in tls (known here: verify, ca, certificate, key, key_password, server_name)"),
    ("http: {tls: {verify: false, ca: ca.pem}}", "7:33: `ca` has no use where `verify` is false (remove one of them)"),
    ("http: {tls: {certificate: c.pem}}", "7:27: `certificate` needs a `key`"),
    ("http: {tls: {certificate: c.pem, key: k.pem}}", '7:39: `key` must be a secret of the agents: a private key is no part of a test (write "{{ secret.NAME }}")'),
    ("http: {tls: {ca: '{{ vu }}'}}", '7:18: `ca` must be a secret of the agents: what an iteration knows is no part of a test (write "{{ secret.NAME }}")'),
    ("http: {tls: {server_name: 'https://x'}}", "7:27: `server_name` 'https://x' is not the name of a host (such as shop.example.com)"),
    ("insecureSkipTLSVerify: true", "7:1: unknown key `insecureSkipTLSVerify` in the test (write http: {tls: {verify: false}})"),
    ("noConnectionReuse: true", "7:1: unknown key `noConnectionReuse` in the test (write http: {connections: new})"),
    ("hosts: {shop.test: 10.0.0.7}", "7:1: unknown key `hosts` in the test (write http: {hosts: …})"),
    ("threshold: 5", "7:1: unknown key `threshold` in the test (did you mean `thresholds`?)"),
    ("defaults: 5", "7:11: `defaults` must be a mapping, not 5"),
    ("defaults: {timeout: 5}", "7:21: `timeout`: 5 has no unit (write 5s for seconds, 5ms, 5m …)"),
    ("confirm: staging", "7:10: `confirm` is staging, not one of production"),
    ("generator_limits: {send_lag: 0s}", "7:30: `send_lag` must be longer than 0s"),
    ("thresholds: {checks: []}", "7:22: `checks` is empty (such as [p(95) < 300ms])"),
    ("thresholds: {checks: 5}", '7:22: `checks` must be text, not 5 (quote it: "5")'),
    ("thresholds: {checks: {threshold: rate > 99%, abortOnFail: true}}", "7:46: unknown key `abortOnFail` in a threshold (did you mean `abort_on_fail`?)"),
    ("thresholds: {checks: {threshold: rate > 99%, abort_on_fail: yes}}", "7:61: `abort_on_fail` must be true or false, not yes"),
    ("thresholds: {checks: {over: 30s}}", "7:22: `threshold` is missing in a threshold"),
]  # fmt: skip

FILES: list[tuple[str | bytes, str]] = [
    ("", "1:1: the file is empty (`groundswell validate --help` shows a test)"),
    ("# nothing\n", "1:1: the file is empty (`groundswell validate --help` shows a test)"),
    ("checkout", "1:1: the file holds one text, not a test (a test is a mapping that starts with `test: its-name`)"),
    ("- a\n- b", "1:1: the file holds a list, not a test (a test is a mapping that starts with `test: its-name`)"),
    ("a: 1\n---\nb: 2", "2:1: a second document starts here (one file holds one test: remove the `---`)"),
    ("a: 'x\nb: 1\n", "1:4: this is not YAML: while scanning a quoted scalar, found unexpected end of stream"),
    ("a: [1,\n b: 2\n", "3:1: this is not YAML: while parsing a flow sequence, did not find expected ',' or ']'"),
    ("a: *b", "1:4: the alias `*b` has no anchor before it"),
    ("a: &a [*a]", "1:8: the alias `*a` stands inside what it stands for"),
    ("[" * 60, "1:51: more than 50 levels deep"),
    (b"a: 1\nb: \xff", "2:4: the byte 0xff is not UTF-8 (save the file as UTF-8)"),
    ("a: 1".encode("utf-16"), "1:1: the file is UTF-16 (save it as UTF-8)"),
    ("a: 1\nb: \x07", "2:4: the character U+0007 is not allowed in YAML"),
    ("test: t\ntarget: http://x\nscenarios: {}", "3:12: `scenarios` is empty (such as {browse: {executor: constant-vus, …}})"),
    ("test: t\ntarget: http://x\nscenarios:", "3:11: `scenarios` must be a mapping, not nothing (such as {browse: {executor: constant-vus, …}})"),
    ("test: t\ntarget: http://x\nscenarios: {s: 5}", "3:16: the scenario `s` must be a mapping, not 5"),
    ("test: t\ntarget: http://x", "1:1: `scenarios` is missing in the test"),
    (with_top("").replace("  s:", "  s.1:"), "4:3: `s.1` cannot be the name of a scenario (letters, digits, _ and -)"),
    (with_top("").replace("[{get: /a}]", "[]"), "4:52: `steps` is empty (such as `- get: /`)"),
    (with_top("").replace("[{get: /a}]", "{get: /a}"), "4:52: `steps` must be a list, not a mapping (such as `- get: /`)"),
    (with_top("").replace("test: t", "test:"), "1:6: `test` must be text, not nothing"),
    (with_top("").replace("test: t", "test: !!str t"), "1:7: the YAML tag `!!str` has no meaning here (quote a text that starts with `!`, and leave types to groundswell)"),
    (with_top("").replace("http://shop.test", "shop.test"), "2:9: `target` 'shop.test' is not http:// or https:// (write https://host/path)"),
    (with_top("").replace("http://shop.test", "http://x/?a=1"), "2:9: `target` holds a query (a query belongs to a request: `query: {key: value}`)"),
    (with_top("").replace("http://shop.test", "'http://x/#a'"), "2:9: `target` 'http://x/#a' holds a fragment, which is never sent (write %23 for a `#`)"),
    (with_top("").replace("http://shop.test", "5"), "2:9: `target` must be an address such as https://shop.example.com, not 5"),
    (with_top("<<: 5"), "7:5: `<<` merges mappings, not 5"),
    ("{{ x }}", '1:2: a mapping cannot be a key (quote a template: "{{ x }}")'),
    (with_top("? [a]\n: b"), "7:3: a list cannot be a key (a key is one word or a quoted text)"),
    (with_top("?\n: b"), "7:2: a key is missing before the colon"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "printed"), SCENARIOS)
def test_what_is_printed_of_a_wrong_scenario(text: str, printed: str) -> None:
    assert problems(with_scenario(text)) == [f"t.yaml:{printed}"]


@pytest.mark.parametrize(("text", "printed"), STEPS)
def test_what_is_printed_of_a_wrong_step(text: str, printed: str) -> None:
    assert problems(with_steps(text)) == [f"t.yaml:{printed}"]


@pytest.mark.parametrize(("text", "printed"), TOP)
def test_what_is_printed_of_a_wrong_top_level(text: str, printed: str) -> None:
    assert problems(with_top(text)) == [f"t.yaml:{printed}"]


@pytest.mark.parametrize(("text", "printed"), FILES)
def test_what_is_printed_of_a_wrong_file(text: str | bytes, printed: str) -> None:
    assert problems(text) == [f"t.yaml:{printed}"]


@pytest.mark.parametrize("sign", ["~", "exists"])
def test_a_comparison_that_takes_no_template_says_so(sign: str) -> None:
    text = with_steps(f"- get: /a\n  check: {{body: '{sign} {{{{ vu }}}}'}}")
    assert problems(text) == [f"t.yaml:9:23: `body` cannot have a template after `{sign}`"]


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    text = (
        with_scenario("executor: constant-vus\nduration: 10\nvus: ten\nrate: 5/s") + "warmup: 5\n"
    )
    places = [line.split(": ")[0] for line in problems(text)]
    assert places == ["t.yaml:6:15", "t.yaml:7:10", "t.yaml:8:5", "t.yaml:10:9"]


def test_one_mistake_behind_many_aliases_is_told_once() -> None:
    text = with_steps("- &a {get: x}\n- *a\n- *a")
    assert len(problems(text)) == 1


def test_an_invalid_test_exits_with_104() -> None:
    with pytest.raises(InvalidTest) as caught:
        loaded("")
    assert caught.value.exit_code is ExitCode.INVALID_TEST


@pytest.mark.parametrize(
    ("key", "expression", "place"),
    [
        ("http_req_durations", "p(95) < 1s", "8:3"),
        ("http_req_duration{scenario:other}", "p(95) < 1s", "8:3"),
        ("http_req_duration", "p95 < 1s", "8:23"),
        ("http_req_duration", "{threshold: soon}", "8:35"),
    ],
)
def test_a_threshold_that_the_verdict_cannot_read_is_told_at_its_place(
    key: str, expression: str, place: str
) -> None:
    lines = problems(with_top(f"thresholds:\n  {key}: [{expression}]"))
    assert [line.split(": ")[0] for line in lines] == [f"t.yaml:{place}"]
