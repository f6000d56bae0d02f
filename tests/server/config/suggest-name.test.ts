/** What is almost a variable's name is told of; what is somebody else's is not. */
import { expect, it } from 'vitest';
import { suggestNames } from '../../../server/suggest-name.js';

it.each([
  ['MONGODB_URL', 'MONGODB_URI'],
  ['MONGO_URI', 'MONGODB_URI'],
  ['REDIS_URI', 'REDIS_URL'],
  ['JWT_SECRETT', 'JWT_SECRET'],
  ['CORS_ORIGIN', 'CORS_ORIGINS'],
  ['TRUSTED_PROXY', 'TRUSTED_PROXIES'],
  ['MAX_CONECTIONS', 'MAX_CONNECTIONS'],
])('%s is told of, with %s', (name, meant) => {
  expect(suggestNames({ [name]: 'x' })).toEqual([`Unknown variable ${name}. Did you mean ${meant}?`]);
});

it('is silent where the variable that was meant is set as well', () => {
  expect(suggestNames({ MONGODB_URL: 'x', MONGODB_URI: 'y' })).toEqual([]);
});

it('is silent about the variables that shells, containers and clusters set', () => {
  const usual =
    'HOME HOSTNAME HOSTTYPE PATH PWD OLDPWD SHELL SHLVL TERM LANG LC_ALL USER LOGNAME MAIL TZ TMPDIR EDITOR NODE_ENV ' +
    'PORTS POST HOSTS DISPLAY DATABASE_URL REDIS_PORT REDIS_HOST REDIS_SERVICE_HOST REDIS_PORT_6379_TCP MONGODB_PORT ' +
    'MONGODB_SERVICE_HOST KUBERNETES_PORT KUBERNETES_SERVICE_HOST npm_package_name NODE_OPTIONS XDG_DATA_DIRS JWT_USER';
  expect(suggestNames(Object.fromEntries(usual.split(' ').map((name) => [name, 'x'])))).toEqual([]);
});
