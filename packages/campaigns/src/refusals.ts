import { defineRefusals } from '@purser/core';

/** What campaigns refuse with, beside the codes that all products have. */
export const campaignRefusals = defineRefusals({
  campaign_state: { status: 409, title: 'The campaign is in another state' },
});
