// @ts-check
/** Preact and htm, put together: `html` makes elements of a template. */
import { Component, Fragment, h, render } from '../vendor/preact.js';
import htm from '../vendor/htm.js';

export const html = htm.bind(h);
export { render, Fragment };

/**
 * A component that is drawn again only if a property has changed. Functions do not count: they must do the same whenever they were made.
 * @template P @param {(props: P) => any} view
 */
export function steady(view) {
  return class extends Component {
    /** @param {any} next */
    shouldComponentUpdate(next) {
      const before = /** @type {any} */ (this.props);
      return Object.keys(next).some((name) => typeof next[name] !== 'function' && next[name] !== before[name]);
    }

    /** @param {any} props */
    render(props) {
      return h(/** @type {any} */ (view), props);
    }
  };
}

export { useEffect, useLayoutEffect, useMemo, useRef, useState } from '../vendor/hooks.js';
