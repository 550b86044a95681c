"""The colours of charts, on pages and in pictures.

Told apart by people who see no red and green, on white and on dark alike (contrast 3:1 or more).
"""

KEPT, BROKEN, RUNNING = "#0d9488", "#dc2626", "#7c8594"
CAME_IN, SOLVED, LINE = "#7c8594", "#0d9488", "#b45309"
