import { verifies } from '../../api/engines';
import type { Endpoint } from '../../api/migration';
import { word } from '../../parts/command';

/** An endpoint as the form has it. */
export interface Settings {
  name: string;
  type: 'source' | 'target';
  engine: string;
  host: string;
  port: string;
  user: string;
  password: string; // "" in a change: as it is
  database: string;
  attributes: string;
  mode: string;
  certificate: string; // an ARN
}

export const empty: Settings = { name: '', type: 'source', engine: '', host: '', port: '', user: '', password: '', database: '', attributes: '', mode: 'none', certificate: '' };

export function settingsOf(e: Endpoint): Settings {
  return {
    name: e.EndpointIdentifier,
    type: e.EndpointType.toLowerCase() as Settings['type'],
    engine: e.EngineName,
    host: e.ServerName,
    port: String(e.Port),
    user: e.Username,
    password: '',
    database: e.DatabaseName ?? '',
    attributes: e.ExtraConnectionAttributes ?? '',
    mode: e.SslMode,
    certificate: e.CertificateArn ?? '',
  };
}

/** What the API is given: all of a new endpoint, what differs of one that is there. */
export function input(s: Settings, before?: Settings): Record<string, string | number> {
  const all: [keyof Settings, string, string | number][] = [
    ['name', 'EndpointIdentifier', s.name],
    ['type', 'EndpointType', s.type],
    ['engine', 'EngineName', s.engine],
    ['host', 'ServerName', s.host],
    ['port', 'Port', Number(s.port)],
    ['user', 'Username', s.user],
    ['password', 'Password', s.password],
    ['database', 'DatabaseName', s.database],
    ['attributes', 'ExtraConnectionAttributes', s.attributes],
    ['mode', 'SslMode', s.mode],
    ['certificate', 'CertificateArn', verifies(s.mode) ? s.certificate : ''],
  ];
  const out: Record<string, string | number> = {};
  for (const [field, name, value] of all) {
    const was = before && (field === 'certificate' && !verifies(before.mode) ? '' : String(before[field]));
    if (before ? String(value) !== was : value !== '' && value !== 0) out[name] = value;
  }
  return out;
}

const flags: Record<string, string> = {
  EndpointIdentifier: '--endpoint-identifier',
  EndpointType: '--endpoint-type',
  EngineName: '--engine-name',
  ServerName: '--server-name',
  Port: '--port',
  Username: '--username',
  Password: '--password',
  DatabaseName: '--database-name',
  ExtraConnectionAttributes: '--extra-connection-attributes',
  SslMode: '--ssl-mode',
  CertificateArn: '--certificate-arn',
};

/** The same for a terminal; the password stays out of it. */
export function command(s: Settings, region: string, before?: Endpoint): string {
  const given = input(s, before && settingsOf(before));
  const words = Object.entries(given).map(([name, value]) => `${flags[name]} ${name === 'Password' ? '"$PASSWORD"' : word(String(value))}`);
  const verb = before ? `modify-endpoint --endpoint-arn ${word(before.EndpointArn)}` : 'create-endpoint';
  return [`aws dms ${verb}`, ...words, `--region ${region}`].join(' ');
}
