"""The state machine as a Mermaid drawing, from the graph itself."""

from passfel.graph.build import build_graph
from passfel.graph.house import build_house
from passfel.graph.settings import AssistantSettings
from passfel.memory.postgres import Database


def graph_picture() -> str:
    """Draw the graph. The house is put together and nothing of it is opened."""
    settings = AssistantSettings()
    house = build_house(settings, Database(settings.postgres, settings.data_dir))
    return build_graph(house).compile().get_graph().draw_mermaid()
