"""From false alarms that people told to a better bank, proposed and looked at before it serves."""
