"""What results look like: functions of plain data that return Altair charts for a width."""
