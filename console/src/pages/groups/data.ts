import { list, rds, text, type Node } from '../../api/rds';

/** The two kinds of parameter groups, by their names in ARNs. */
export type Kind = 'pg' | 'cluster-pg';

/** The kind that a path names, in whatever words. */
export const kindOf = (word: string | undefined): Kind => (word?.includes('cluster') ? 'cluster-pg' : 'pg');

interface Words {
  name: string; // for people
  prefix: 'DB' | 'DBCluster'; // of actions, parameters and elements
  cli: string; // of the aws command
  force: string; // of dbtls force-tls --kind
}

export const words: Record<Kind, Words> = {
  pg: { name: 'DB parameter group', prefix: 'DB', cli: 'db', force: 'group' },
  'cluster-pg': { name: 'DB cluster parameter group', prefix: 'DBCluster', cli: 'db-cluster', force: 'cluster-group' },
};

export interface Group {
  kind: Kind;
  name: string;
  family: string;
  description: string;
}

export interface Parameter {
  name: string;
  value: string;
  description: string;
  source: string; // user, system, engine-default
  applyType: string; // static, dynamic
  dataType: string;
  allowed: string[];
  modifiable: boolean;
  method: string;
}

/** A default group cannot be changed, as on AWS. */
export const isDefault = (name: string): boolean => name.startsWith('default.');

async function pages(action: string, box: string, member: string, params: Record<string, string>): Promise<Node[]> {
  const all: Node[] = [];
  let marker = '';
  do {
    const answer = await rds(action, { ...params, MaxRecords: 100, Marker: marker || undefined });
    all.push(...list(answer, box, member));
    marker = text(answer, 'Marker');
  } while (marker);
  return all;
}

function group(kind: Kind, node: Node): Group {
  const w = words[kind];
  return { kind, name: text(node, `${w.prefix}ParameterGroupName`), family: text(node, 'DBParameterGroupFamily'), description: text(node, 'Description') };
}

/** A region's groups: those that somebody made before the defaults. */
export async function groups(): Promise<Group[]> {
  const of = async (kind: Kind) => {
    const w = words[kind];
    return (await pages(`Describe${w.prefix}ParameterGroups`, `${w.prefix}ParameterGroups`, `${w.prefix}ParameterGroup`, {})).map(n => group(kind, n));
  };
  const all = (await Promise.all([of('pg'), of('cluster-pg')])).flat();
  return all.sort((a, b) => Number(isDefault(a.name)) - Number(isDefault(b.name)) || a.name.localeCompare(b.name));
}

export async function oneGroup(kind: Kind, name: string): Promise<Group | undefined> {
  const w = words[kind];
  const answer = await rds(`Describe${w.prefix}ParameterGroups`, { [`${w.prefix}ParameterGroupName`]: name });
  const found = list(answer, `${w.prefix}ParameterGroups`, `${w.prefix}ParameterGroup`)[0];
  return found && group(kind, found);
}

export async function parameters(kind: Kind, name: string): Promise<Parameter[]> {
  const w = words[kind];
  const found = await pages(`Describe${w.prefix}Parameters`, 'Parameters', 'Parameter', { [`${w.prefix}ParameterGroupName`]: name });
  return found.map(n => ({
    name: text(n, 'ParameterName'),
    value: text(n, 'ParameterValue'),
    description: text(n, 'Description'),
    source: text(n, 'Source'),
    applyType: text(n, 'ApplyType'),
    dataType: text(n, 'DataType'),
    allowed: text(n, 'AllowedValues').split(',').filter(Boolean),
    modifiable: text(n, 'IsModifiable') === 'true',
    method: text(n, 'ApplyMethod'),
  }));
}

/** An engine version, and the family its groups are of. */
export interface Version {
  engine: string;
  version: string;
  family: string;
  name: string;
}

export async function versions(): Promise<Version[]> {
  const found = await pages('DescribeDBEngineVersions', 'DBEngineVersions', 'DBEngineVersion', {});
  return found.map(n => ({ engine: text(n, 'Engine'), version: text(n, 'EngineVersion'), family: text(n, 'DBParameterGroupFamily'), name: text(n, 'DBEngineDescription') }));
}

export interface Cluster {
  name: string;
  group: string;
  engine: string;
  version: string;
  members: string[];
}

export async function clusters(): Promise<Cluster[]> {
  const found = await pages('DescribeDBClusters', 'DBClusters', 'DBCluster', {});
  return found.map(n => ({
    name: text(n, 'DBClusterIdentifier'),
    group: text(n, 'DBClusterParameterGroup'),
    engine: text(n, 'Engine'),
    version: text(n, 'EngineVersion'),
    members: list(n, 'DBClusterMembers', 'DBClusterMember').map(m => text(m, 'DBInstanceIdentifier')),
  }));
}
