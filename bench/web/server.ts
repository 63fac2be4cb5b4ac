/** nginx of Debian in a namespace: one process on one core, which answers every request from memory. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Net } from '../../test/kernel/namespace.js';
import { onCore } from '../harness/processor.js';

const body = 'x'.repeat(512);

/** Without a master process: what is killed is all there is. */
const configuration = (directory: string): string => `
daemon off;
master_process off;
pid ${directory}/pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  server {
    listen 80;
    location / { return 200 "${body}"; }
  }
}
`;

/** Returns when it listens. */
export async function startServer(net: Net, ns: string, core: number): Promise<void> {
  const directory = net.directory();
  const file = join(directory, 'nginx.conf');
  writeFileSync(file, configuration(directory));
  const [command, ...args] = onCore(core, ['nginx', '-p', directory, '-c', file]);
  const server = net.start(ns, command!, args, { timeout: 3_600_000 });
  let said = '';
  server.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  for (let attempt = 0; attempt < 100; attempt++) {
    const { stdout } = await net.exec(ns, 'ss', ['-Hltn', 'sport = :80']);
    if (stdout !== '') return;
    if (server.exitCode !== null) break;
    await new Promise((wait) => setTimeout(wait, 50));
  }
  throw new Error(`nginx does not listen: ${said}`);
}
