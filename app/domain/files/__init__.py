"""Reading files: text in, values or every problem out. Pure: nobody here opens anything."""
