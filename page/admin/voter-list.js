// @ts-check
/** The voters of an election, as far as they are read. The list follows what happens elsewhere. */
import { useEffect, useRef, useState } from '../lib/html.js';
import { importingOf } from './importing.js';
import { ask, read } from './work.js';

/** @typedef {import('./voter.js').Voter} Voter */

/** How many voters a request answers. */
export const PAGE = 100;
/** Up to so many voters are read at once. */
const FEW = 1_000;
/** How often the number of voters is asked for, and how soon again if the list has not caught up, in milliseconds. */
const [PAUSE, SOON] = [5_000, 700];
/** How often it is asked for until it has caught up. */
const TRIES = 8;

/**
 * @param {import('./main.js').Election} election @param {boolean} live Whether voters can come and go.
 * @returns {{voters: Voter[] | null, count: number, complete: boolean, load: () => Promise<void>, further: () => Promise<void>,
 *   put: (voter: Voter) => void, drop: (id: string) => void}} `count` are registered, and `complete` says that all are read.
 */
export function useVoterList(election, live) {
  const [voters, setVoters] = useState(/** @type {Voter[] | null} */ (null));
  const [cursor, setCursor] = useState('');
  const [count, setCount] = useState(0);
  const again = useRef(0);
  // What was begun before the list was read anew is of no use.
  const turn = useRef(0);
  const reading = useRef(false);
  const path = `/elections/${election.id}`;

  const some = async (/** @type {string} */ from, /** @type {number} */ least) => {
    /** @type {Voter[]} */
    const items = [];
    let next = from;
    do {
      const answer = await read(`${path}/voters?limit=${PAGE}${next && `&cursor=${next}`}`);
      if (!answer.ok) return null;
      items.push(...answer.body.items);
      next = answer.body.next_cursor ?? '';
    } while (next && items.length < least);
    return { items, next };
  };
  const load = async (tries = TRIES) => {
    clearTimeout(again.current);
    const mine = ++turn.current;
    const turnout = await read(`${path}/turnout`);
    const registered = turnout.body?.registered;
    const found = turnout.ok ? await some('', registered > FEW ? PAGE : FEW) : null;
    if (!found || turn.current !== mine) return;
    reading.current = false;
    setCount(registered);
    setVoters(found.items);
    setCursor(found.next);
    // Documents follow events.
    if (tries && found.items.length < Math.min(registered, found.next ? PAGE : FEW)) again.current = setTimeout(() => load(tries - 1), SOON);
  };
  const further = async () => {
    if (reading.current) return;
    reading.current = true;
    const mine = turn.current;
    const found = await some(cursor, PAGE);
    if (turn.current !== mine) return;
    reading.current = false;
    if (!found) return;
    setVoters((before) => [...(before ?? []), ...found.items]);
    setCursor(found.next);
  };
  useEffect(() => {
    load();
    return () => {
      turn.current++;
      clearTimeout(again.current);
    };
  }, [election.id]);
  useEffect(() => {
    if (!live) return undefined;
    // Voters come and go by other hands, too: an import from a shell, another administrator.
    const look = async () => {
      if (document.visibilityState !== 'visible') return;
      const turnout = await ask('GET', `${path}/turnout`);
      if (!turnout.ok || turnout.body.registered === count) return;
      importingOf(election.id).look();
      load();
    };
    const timer = setInterval(look, PAUSE);
    return () => clearInterval(timer);
  }, [election.id, live, count]);
  const put = (/** @type {Voter} */ voter) => {
    const known = voters?.some(({ id }) => id === voter.id);
    setVoters((before) => (known ? (before ?? []).map((one) => (one.id === voter.id ? voter : one)) : [...(before ?? []), voter]));
    if (!known) setCount((before) => before + 1);
  };
  const drop = (/** @type {string} */ voter) => {
    setVoters((before) => (before ?? []).filter(({ id }) => id !== voter));
    setCount((before) => before - 1);
  };
  return { voters, count, complete: !cursor, load: () => load(), further, put, drop };
}
