// @ts-check
/** The order of the photographs: shuffled by the ballot's id, so that it is the same on every device and another for every voter. */

/** A number that looks random. @param {string} text */
function hash(text) {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** @template {{id: string}} T @param {T[]} candidates @param {string} ballot @returns {T[]} */
export function shuffled(candidates, ballot) {
  const keyed = candidates.map((candidate) => ({ candidate, key: hash(ballot + candidate.id) }));
  return keyed.sort((a, b) => a.key - b.key || (a.candidate.id < b.candidate.id ? -1 : 1)).map(({ candidate }) => candidate);
}
