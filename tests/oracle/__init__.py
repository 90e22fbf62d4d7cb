"""What the demo's campaigns must do, computed in plain Python, without a line of Carillon's."""
