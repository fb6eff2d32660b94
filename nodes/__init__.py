"""The steps of a turn, one file each: classify, retrieve, decide, act, respond, remember."""
