"""What a person or a script reads: one field list per noun behind table, JSON, JSONL and TSV."""
