import { ApiError } from '../../api/http';
import { rds } from '../../api/rds';
import { word } from '../../parts/command';

/** What the form holds. The password leaves it with the request and is nowhere else. */
export interface Wanted {
  name: string;
  engine: string;
  version: string;
  class: string;
  ca: string; // "": the region's default
  user: string;
  password: string;
  database: string;
  group: string; // "": the default of the version
  storage: string;
  cluster: string; // of engines that live in clusters
  protected: boolean;
}

export const nothing: Wanted = { name: '', engine: '', version: '', class: 'db.local', ca: '', user: 'dbadmin', password: '', database: '', group: '', storage: '20', cluster: '', protected: true };

/** Whether an engine's instances live in a cluster. */
export function clustered(engine: string): boolean {
  return engine.startsWith('aurora');
}

/** What is missing or plainly wrong, by field; the server judges the rest. */
export function mistakes(w: Wanted): Partial<Record<keyof Wanted, string>> {
  const out: Partial<Record<keyof Wanted, string>> = {};
  if (!/^[A-Za-z](?!.*--)[A-Za-z0-9-]{0,62}$/.test(w.name) || w.name.endsWith('-')) out.name = 'Letters, digits and single hyphens, beginning with a letter, at most 63.';
  if (!w.engine) out.engine = 'Choose an engine.';
  if (!w.version) out.version = 'Choose a version.';
  if (!w.user) out.user = 'Name the master user.';
  if (w.password.length < 8) out.password = 'At least 8 characters.';
  if (clustered(w.engine) && !w.cluster) out.cluster = 'Name the cluster.';
  return out;
}

function ofInstance(w: Wanted): Record<string, string | boolean | undefined> {
  const alone = !clustered(w.engine);
  return {
    DBInstanceIdentifier: w.name,
    DBInstanceClass: w.class,
    Engine: w.engine,
    EngineVersion: alone ? w.version : undefined,
    CACertificateIdentifier: w.ca || undefined,
    DBParameterGroupName: w.group || undefined,
    DBClusterIdentifier: alone ? undefined : w.cluster,
    MasterUsername: alone ? w.user : undefined,
    DBName: alone ? w.database || undefined : undefined,
    AllocatedStorage: alone ? w.storage || undefined : undefined,
    DeletionProtection: alone && w.protected ? true : undefined,
  };
}

function ofCluster(w: Wanted): Record<string, string | boolean | undefined> {
  return { DBClusterIdentifier: w.cluster, Engine: w.engine, EngineVersion: w.version, MasterUsername: w.user, DatabaseName: w.database || undefined, DeletionProtection: w.protected || undefined };
}

/** Makes the instance, and its cluster first where it lives in one that is not there yet. */
export async function create(w: Wanted): Promise<void> {
  if (!clustered(w.engine)) {
    await rds('CreateDBInstance', { ...ofInstance(w), MasterUserPassword: w.password });
    return;
  }
  try {
    await rds('CreateDBCluster', { ...ofCluster(w), MasterUserPassword: w.password });
  } catch (e) {
    if (!(e instanceof ApiError) || e.code !== 'DBClusterAlreadyExistsFault') throw e; // it gets one more instance
  }
  await rds('CreateDBInstance', ofInstance(w));
}

function flags(params: Record<string, string | boolean | undefined>): string {
  const kebab = (s: string) => s.replace(/^DB/, 'Db').replace(/^CA/, 'Ca').replace(/DB/g, 'Db').replace(/[A-Z]/g, c => '-' + c.toLowerCase()).slice(1);
  return Object.entries(params)
    .filter(([, v]) => v !== undefined && v !== '')
    .map(([k, v]) => (v === true ? `--${kebab(k)}` : `--${kebab(k)} ${word(String(v))}`))
    .join(' ');
}

/** The same for a terminal; the password is a variable of the shell. */
export function commandOf(w: Wanted, region: string): string {
  const secret = `--master-user-password "$PASSWORD" --region ${region}`;
  if (!clustered(w.engine)) return `aws rds create-db-instance ${flags(ofInstance(w))} ${secret}`;
  return `aws rds create-db-cluster ${flags(ofCluster(w))} ${secret}\naws rds create-db-instance ${flags(ofInstance(w))} --region ${region}`;
}
