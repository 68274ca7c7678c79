-- The job that sends what is due of a campaign, or will: when it was stopped, or failed for good, nobody else sends the rest.
alter table campaigns.campaign add column job_id uuid;
create index campaign_under_way on campaigns.campaign (campaign_id) where status = 'sending';
