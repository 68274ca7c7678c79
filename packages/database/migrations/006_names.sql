-- What an erasure finds is the subject's own: its name as the whole of a text, or behind the kind of what it names; an address, which no
-- other text is, wherever it stands as a whole. A short name is in many words, and in others' names.
create function base.names_one_of(p_text text, p_texts text[]) returns boolean language sql immutable parallel safe as $$
  select exists (select from unnest(p_texts) t where case when strpos(t, '@') = 0
    then p_text = t or regexp_replace(p_text, '^(credits:)?[a-z_]+:', '') = t
    else strpos(lower(p_text), lower(t)) > 0 and lower(p_text) ~
      ('(?<![[:alnum:]._+-])' || regexp_replace(lower(t), '([^[:alnum:]])', '\\\1', 'g') || '(?![[:alnum:]_+-]|[.@][[:alnum:]])') end)
$$;
