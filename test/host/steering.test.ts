/** Receive packet steering, which no test device has on. */
import test from 'ava';
import { checkSteering } from '../../src/host/check-steering.js';

test('steering on one of the devices is told, with what turns it off', (t) => {
  const found = checkSteering(['eth0', 'eth1'], (name) => (name === 'eth1' ? 'on' : 'off'));
  t.is(found.status, 'violated');
  t.regex(found.detail, /^steered on eth1: run `for f in \/sys\/class\/net\/eth1\/queues\/rx-\*\/rps_cpus;/);
});

test('off holds; what cannot be read is unchecked', (t) => {
  t.is(checkSteering(['eth0'], () => 'off').status, 'holds');
  t.is(checkSteering(['eth0', 'eth9'], (name) => (name === 'eth9' ? 'unknown' : 'off')).status, 'unchecked');
  t.is(checkSteering(['there-is-no-such']).status, 'unchecked');
});
