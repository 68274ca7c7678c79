-- What carriers tell of messages that they have taken. `found_at`: a message that nobody was sure of turned out to have been taken, or one
-- that was thought not to have been; its cost is booked beside its call, once (`booked_at`).
alter table campaigns.recipient add column found_at timestamptz, add column booked_at timestamptz;
create index recipient_of_message on campaigns.recipient (message_id) where message_id is not null;
create index recipient_found on campaigns.recipient (found_at) where found_at is not null and booked_at is null;

-- Messages of a carrier's events that were applied, each once.
create table campaigns.carrier_event (
  event_id    text        primary key check (length(event_id) between 1 and 100),
  received_at timestamptz not null
);
create index carrier_event_age on campaigns.carrier_event (received_at);
alter table campaigns.carrier_event enable row level security;
create policy all_rows on campaigns.carrier_event to purser_work using (true);
grant select, insert, delete on campaigns.carrier_event to purser_work;

-- What an event makes of the state a recipient is in; null: it stays. A carrier may tell things in any order and more than once: what
-- bounced or was complained of is not delivered by what is told later, and only a bounce for good undoes a delivery (others are sent by
-- people who are away). One that waits to be tried again, or was given up, may have been taken all the same.
create function campaigns.state_after(p_state text, p_event text, p_permanent boolean) returns text language sql immutable as $$
  select case p_event
    when 'complained' then case when p_state not in ('complained', 'suppressed') then 'complained' end
    when 'bounced' then case when p_state in ('sending', 'unconfirmed', 'queued', 'refused', 'accepted')
      or p_state = 'delivered' and p_permanent then 'bounced' end
    when 'delivered' then case when p_state in ('sending', 'unconfirmed', 'queued', 'refused', 'accepted') then 'delivered' end
    when 'rejected' then case when p_state in ('sending', 'unconfirmed', 'queued', 'accepted') then 'refused' end
    else case when p_state in ('sending', 'unconfirmed', 'queued') then 'accepted' end
  end
$$;
