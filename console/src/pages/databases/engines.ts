import { list, rds, text, type Node } from '../../api/rds';

/** An engine version that instances can be created with. */
export interface EngineVersion {
  engine: string;
  version: string;
  family: string;
  description: string; // of the engine
  cas: string[]; // that this version can serve a certificate of
  hotReload: boolean; // a certificate is replaced without a restart
}

function parse(n: Node): EngineVersion {
  const box = n['SupportedCACertificateIdentifiers'];
  const member = box && typeof box === 'object' && !Array.isArray(box) ? box['member'] : undefined;
  const cas = member === undefined ? [] : Array.isArray(member) ? member : [member];
  return {
    engine: text(n, 'Engine'),
    version: text(n, 'EngineVersion'),
    family: text(n, 'DBParameterGroupFamily'),
    description: text(n, 'DBEngineDescription'),
    cas: cas.filter((c): c is string => typeof c === 'string'),
    hotReload: text(n, 'SupportsCertificateRotationWithoutRestart') === 'true',
  };
}

async function all(params: Record<string, string | boolean>): Promise<EngineVersion[]> {
  const found: EngineVersion[] = [];
  for (let marker: string | undefined; ; ) {
    const page = await rds('DescribeDBEngineVersions', { ...params, MaxRecords: 100, Marker: marker });
    found.push(...list(page, 'DBEngineVersions', 'DBEngineVersion').map(parse));
    marker = text(page, 'Marker') || undefined;
    if (!marker) return found;
  }
}

const newestFirst = (a: EngineVersion, b: EngineVersion) => b.version.localeCompare(a.version, 'en', { numeric: true });

/** The default version of every engine; the newest of those that can only be played, which have no default. */
export async function loadEngines(): Promise<EngineVersion[]> {
  const [defaults, versions] = await Promise.all([all({ DefaultOnly: true }), all({})]);
  const found = new Map(versions.sort((a, b) => newestFirst(b, a)).map(v => [v.engine, v]));
  for (const v of defaults) found.set(v.engine, v);
  return [...found.values()].sort((a, b) => a.description.localeCompare(b.description, 'en'));
}

/** Every version of one engine, the newest first. */
export async function loadVersions(engine: string): Promise<EngineVersion[]> {
  return (await all({ Engine: engine })).sort(newestFirst);
}

/** The CAs that a version can serve a certificate of. */
export async function loadCAs(engine: string, version: string): Promise<EngineVersion | undefined> {
  return (await all({ Engine: engine, EngineVersion: version })).find(v => v.version === version);
}
