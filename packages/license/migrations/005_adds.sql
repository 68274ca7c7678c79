-- Paid for a change within what was paid for: to give it back takes nothing of what that stands on.
alter table license.event add column adds boolean not null default false;
