// @ts-check
/** Which photographs are probably the same. */

/** Photographs whose likeness differs in at most this many of its 64 bits are probably the same. The API's document says so too. */
export const ALIKE = 10;

/** How many bits of a number of 32 bits are set. @param {number} bits */
function count(bits) {
  let rest = bits - ((bits >>> 1) & 0x55555555);
  rest = (rest & 0x33333333) + ((rest >>> 2) & 0x33333333);
  return (((rest + (rest >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

/**
 * For each photograph, an earlier one that is probably the same.
 * @template {{id: string, likeness?: string}} P @param {P[]} photographs In the order of their ids. @returns {Map<string, P>}
 */
export function twins(photographs) {
  const found = new Map();
  const known = photographs.filter(({ likeness }) => likeness).map((photograph) => {
    const digits = /** @type {string} */ (photograph.likeness);
    return { photograph, high: parseInt(digits.slice(0, 8), 16), low: parseInt(digits.slice(8), 16) };
  });
  known.forEach((one, at) => {
    const other = known.slice(0, at).find(({ high, low }) => count(high ^ one.high) + count(low ^ one.low) <= ALIKE);
    if (other) found.set(one.photograph.id, other.photograph);
  });
  return found;
}
