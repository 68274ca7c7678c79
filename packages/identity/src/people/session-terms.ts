export const SESSION_COOKIE = 'purser_session';
export const LINK_LIFETIME_MINUTES = 15;
