-- What the audit seals: a row's canonical line is a JSON array of text that depends on no session setting.
-- Rows after one position through another, in the order of the books; a null position is the beginning.
create function ledger.posting_lines(
  p_after_xid bigint, p_after_id bigint, p_through_xid bigint, p_through_id bigint, p_rows_max integer
) returns table (xid bigint, id bigint, line text) language sql stable as $$
  select p.xid, p.id, json_build_array(
    'posting', p.xid, p.id, p.workspace_id, p.posted_at at time zone 'UTC', p.hold_id, p.debit, p.credit, p.amount::text, p.unit,
    p.reported::text, p.reported_unit, p.plan, p.reason)::text
  from ledger.posting p
  where (p.xid, p.id) > (coalesce(p_after_xid, -9223372036854775808), coalesce(p_after_id, -9223372036854775808))
    and (p.xid, p.id) <= (p_through_xid, p_through_id)
  order by p.xid, p.id
  limit p_rows_max
$$;

create function ledger.attempt_lines(
  p_after_xid bigint, p_after_id bigint, p_through_xid bigint, p_through_id bigint, p_rows_max integer
) returns table (xid bigint, id bigint, line text) language sql stable as $$
  select a.xid, a.id, json_build_array(
    'attempt', a.xid, a.id, a.workspace_id, a.hold_id, a.ordinal, a.actor, a.operation, a.kind, a.provider, a.model,
    a.model_version, a.started_at at time zone 'UTC', a.duration_ms, a.outcome, a.usage, a.cost::text, a.cost_unit,
    a.request_id)::text
  from ledger.attempt a
  where (a.xid, a.id) > (coalesce(p_after_xid, -9223372036854775808), coalesce(p_after_id, -9223372036854775808))
    and (a.xid, a.id) <= (p_through_xid, p_through_id)
  order by a.xid, a.id
  limit p_rows_max
$$;
