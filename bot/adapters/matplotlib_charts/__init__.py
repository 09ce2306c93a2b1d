"""Draws charts with matplotlib, in a separate process."""

from bot.adapters.matplotlib_charts._charts import MatplotlibCharts

__all__ = ["MatplotlibCharts"]
