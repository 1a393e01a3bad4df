"""Values of header fields, read and written: one module per family of fields.

accept, authorization, content_type, dates, disposition, etag, forwarded, link, ranges; `syntax` is
what they are built of. Reading is linear in the length of the value. What a recipient must ignore
where it is malformed is read without an error; elsewhere ValueError says what was expected.
"""
