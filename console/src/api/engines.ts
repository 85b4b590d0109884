import { get } from './native';

/** GET engines: a product as a migration endpoint names it. */
export interface EndpointEngine {
  name: string; // EngineName
  display: string;
  source_and_target: boolean; // false: target alone
  modes: SslMode[]; // the laxest first
  port: number; // the usual one
  wallet: boolean; // it trusts an Oracle wallet, not PEM
  always_tls: boolean; // it is encrypted in mode none too
}

export type SslMode = 'none' | 'require' | 'verify-ca' | 'verify-full';

export const engines = () => get<EndpointEngine[]>('engines');

/** Whether a mode looks at the server's certificates, so that it needs a CA certificate. */
export const verifies = (mode: string): boolean => mode === 'verify-ca' || mode === 'verify-full';
