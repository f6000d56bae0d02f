/** How a subscription within the process is ended. */

/** Stops listening; a second call does no harm. */
export type Unsubscribe = () => void;
