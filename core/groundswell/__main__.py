"""`python -m groundswell`: the same as the `groundswell` command; how a run starts its agents."""

from groundswell.cli import main

main()
