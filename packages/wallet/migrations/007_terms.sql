-- A month that was paid for begins at its time, whether or not anybody calls: then its revenue is booked and its credits are granted.
create function wallet.begin_part() returns trigger language plpgsql as $$
begin
  insert into wallet.refresh (workspace_id, due_at) values (new.workspace_id, new.due_at)
  on conflict (workspace_id) do update set due_at = excluded.due_at where wallet.refresh.due_at > excluded.due_at;
  return null;
end $$;
select terms.when_part_comes('wallet.begin_part');
