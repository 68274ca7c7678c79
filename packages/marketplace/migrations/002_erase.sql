-- Erasure: what the law has a seller keep of a sale stays (amounts, tax, dates, Stripe's ids); what Stripe told besides, where the customer
-- was sent back to and links to receipts go. The people behind Stripe's ids are erased at Stripe.
create function marketplace.erase_workspace(p_workspace uuid, p_pseudonym text, p_rows_max integer) returns integer
language plpgsql as $$
declare
  v_rows integer;
  v_total integer;
begin
  update marketplace.event set payload = '{}', detail = null where event_id in (
    select event_id from marketplace.event where workspace_id = p_workspace and (payload <> '{}' or detail is not null) limit p_rows_max);
  get diagnostics v_total = row_count;
  update marketplace.checkout set return_url = '', url = null where checkout_id in (
    select checkout_id from marketplace.checkout where workspace_id = p_workspace and (return_url <> '' or url is not null) limit p_rows_max);
  get diagnostics v_rows = row_count;
  v_total := v_total + v_rows;
  delete from marketplace.receipt_link r where payment_intent in (
    select payment_intent from marketplace.purchase where workspace_id = p_workspace
    union all select p.payment_intent from marketplace.invoice_payment p join marketplace.invoice i using (invoice_id) where i.workspace_id = p_workspace);
  get diagnostics v_rows = row_count;
  return v_total + v_rows;
end $$;

-- The payload of an event that was applied is not read again; it is kept for a while to look into what came.
create index event_by_age on marketplace.event using brin (received_at) with (autosummarize = on);
create function marketplace.forget_payloads(p_after timestamptz, p_before timestamptz, p_rows_max integer) returns integer
language plpgsql as $$
declare
  v_rows integer;
begin
  update marketplace.event set payload = '{}' where ctid = any (array(
    select ctid from marketplace.event where received_at >= p_after and received_at < p_before and payload <> '{}' limit p_rows_max for update skip locked));
  get diagnostics v_rows = row_count;
  return v_rows;
end $$;


-- What stands in the way of an erasure: a subscription that goes on to be paid for somebody who is no longer there.
create function marketplace.has_live_subscription(p_workspace uuid) returns boolean language sql stable as $$
  select exists (select from marketplace.subscription where workspace_id = p_workspace and live)
$$;

-- Credits that were spent though their money went back.
create function marketplace.owed_credits(p_workspace uuid) returns bigint language sql stable as $$
  select coalesce(sum(owed - owed_paid), 0)::bigint from marketplace.purchase where workspace_id = p_workspace and owed > owed_paid
$$;

grant delete on marketplace.receipt_link to purser_work;
