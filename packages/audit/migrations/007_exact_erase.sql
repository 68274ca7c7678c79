-- Without texts: whatever is not neutral. With texts, what names one of them.
create or replace function audit.holds_text(p_key text, p_text text, p_texts text[]) returns boolean language sql immutable parallel safe as $$
  select case when p_texts is null then not audit.is_neutral(p_key, p_text) else base.names_one_of(p_text, p_texts) end
$$;
