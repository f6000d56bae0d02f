/** For tests and stories of whoever embeds the element: scenarios instead of servers. */
export * from './scripted-client.js';
export * from './scripted-transport.js';
