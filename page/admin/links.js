// @ts-check
/**
 * Voters' links that this tab has just been given. The server shows each once. They are in no storage: when the tab is closed or loaded
 * anew, they are gone.
 */

/** @typedef {{election: string, voter: string, name: string, link: string}} Link */
/** @type {Link[]} */
let links = [];

/** @param {string} election @param {string} voter @param {string} name @param {string} token */
export function keepLink(election, voter, name, token) {
  links = [...links.filter((link) => link.voter !== voter), { election, voter, name, link: `${location.origin}/vote#${token}` }];
}

/** @param {string} election */
export const linksOf = (election) => links.filter((link) => link.election === election);

/** @param {string} voter */
export function forget(voter) {
  links = links.filter((link) => link.voter !== voter);
}

addEventListener('beforeunload', (event) => {
  // The links cannot be shown again.
  if (links.length) event.preventDefault();
});
