// @ts-check
/** Files that are dropped anywhere on the page. */
import { useEffect, useState } from '../lib/html.js';
import { filesOf } from './files.js';

/**
 * Takes files that are dropped, and says whether some are held over the page.
 * @param {(files: File[]) => void} take @param {unknown[]} [inputs] What `take` depends on. @returns {boolean}
 */
export function useDrop(take, inputs = []) {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const has = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files');
    const drag = (/** @type {DragEvent} */ event) => {
      if (!has(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (/** @type {DragEvent} */ event) => !event.relatedTarget && setOver(false);
    const drop = async (/** @type {DragEvent} */ event) => {
      if (!has(event) || !event.dataTransfer) return;
      event.preventDefault();
      setOver(false);
      take(await filesOf(event.dataTransfer));
    };
    // The whole window takes what is dropped: a near miss would open the file, and leave the page.
    const all = /** @type {[string, any][]} */ ([['dragenter', drag], ['dragover', drag], ['dragleave', leave], ['drop', drop]]);
    all.forEach(([name, listener]) => addEventListener(name, listener));
    return () => all.forEach(([name, listener]) => removeEventListener(name, listener));
  }, inputs);
  return over;
}
