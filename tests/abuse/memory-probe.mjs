/**
 * Loaded into the attacked server before its own code (`--import`, with `--expose-gc`): when the tests ask over IPC,
 * collects garbage and answers what is still in use. Otherwise does nothing.
 */
process.on('message', () => {
  globalThis.gc();
  // Finalizers of the first collection release what the second one frees.
  setImmediate(() => {
    globalThis.gc();
    process.send(process.memoryUsage());
  });
});
// Asking must not keep a server alive that wants to end.
process.channel?.unref();
