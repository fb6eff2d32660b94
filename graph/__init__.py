"""The state machine: what flows (`state`), the edges (`build`), everything put together (`assistant`)."""
