// @ts-check
/** Whether this server keeps the mails that it sends, as one on somebody's own machine does: then its administrator can read them. */
import { useEffect, useState } from '../lib/html.js';
import { token } from './sign-in.js';

/** @type {Promise<boolean> | null} */
let asked = null;

export function useOutbox() {
  const [keeps, setKeeps] = useState(false);
  useEffect(() => {
    asked ??= fetch('/local/mails?limit=1', { headers: { Authorization: `Bearer ${token()}` } }).then((answer) => answer.ok, () => {
      asked = null;
      return false;
    });
    asked.then(setKeeps);
  }, []);
  return keeps;
}
