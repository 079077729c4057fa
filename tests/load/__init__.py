"""People who ask in Slack, for load: `slack.py` is the Slack, `locustfile.py` says what its people do.

`python -m tests.bench load` starts Sabio, that Slack and locust together, and prints what came of it. For an
installation that runs already, on the same machine or at the end of a tunnel:

    python -m tests.load.slack --people 200 --port 8900 --slack-port 8901
    locust --locustfile tests/load/locustfile.py --host http://127.0.0.1:8900 --users 200 --run-time 60s \\
        --questions golden.jsonl

It has to think that this is Slack: `slack.api_url: http://127.0.0.1:8901/api/` and the tokens (and, with
`--url http://127.0.0.1:3978/slack/events` and `slack.mode: http`, the signing secret) of
`tests/slack/workspace.py`. Never let one do so that others can reach.
"""
