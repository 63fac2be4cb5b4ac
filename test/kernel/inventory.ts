/** An inventory of this host alone, for the playbooks: reached without ssh, by Debian's Python. */
export const localInventory = (variables: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({
    offload_hosts: {
      hosts: {
        here: { ansible_connection: 'local', ansible_python_interpreter: '/usr/bin/python3', ...variables },
      },
    },
  });
