"""The charts with matplotlib, drawn in a program of its own."""

from bot.adapters.matplotlib_charts._charts import MatplotlibCharts

__all__ = ["MatplotlibCharts"]
