"""What goes with other libraries; each module imports the one that it is named after."""
