/** A server and its client, with one link between them; the flood comes from the client's side too. */
import type { Net } from '../../test/kernel/namespace.js';
import { measuringCore } from '../harness/processor.js';
import { makeTarget, type Target } from '../traffic/target.js';
import { startServer } from './server.js';

export interface Site {
  readonly target: Target;
  readonly client: string;
}

export async function makeSite(net: Net, number: number): Promise<Site> {
  const client = net.namespace('client');
  const target = await makeTarget(net, client, number);
  await net.exec(client, 'ip', ['addr', 'add', '192.0.2.2/24', 'dev', target.peer]);
  await startServer(net, target.ns, measuringCore);
  return { target, client };
}
