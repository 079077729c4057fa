"""Language models for tests: some that say what a test wants, a server that they speak through, a real one.

    Scripted(["SAY: Yes."])             # these replies, in turn
    Extractive()                        # a competent little model: answers by quotation
    Obedient()                          # the worst case: does whatever it reads in a passage
    Inventive()                         # answers fluently, and nothing of it is so

Each is a `Script`: a function from a prompt's messages to the model's words. `server.ModelServer` lets one
speak OpenAI's protocol over a socket of loopback, and go wrong in every way of `behaviours.py`;
`in_process.ScriptedLLM` makes it a model of LlamaIndex without a socket; `small.SmallModel` is a real one.
Tests use the fixtures of `fixtures.py`.
"""
