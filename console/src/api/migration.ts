import { dms } from './dms';

// The shapes of the DMS API, as AWS spells them. Times are seconds since 1970.

export interface Certificate {
  CertificateIdentifier: string;
  CertificateCreationDate: number;
  CertificatePem?: string;
  CertificateWallet?: string; // base64
  CertificateArn: string;
  ValidFromDate: number;
  ValidToDate: number;
  SigningAlgorithm: string;
  KeyLength: number;
}

export interface Endpoint {
  EndpointIdentifier: string;
  EndpointType: 'SOURCE' | 'TARGET';
  EngineName: string;
  EngineDisplayName: string;
  Username: string;
  ServerName: string;
  Port: number;
  DatabaseName?: string;
  ExtraConnectionAttributes?: string;
  Status: string;
  EndpointArn: string;
  CertificateArn?: string;
  SslMode: string;
}

export interface ReplicationInstance {
  ReplicationInstanceIdentifier: string;
  ReplicationInstanceClass: string;
  ReplicationInstanceStatus: string;
  AllocatedStorage: number;
  InstanceCreateTime: number;
  EngineVersion: string;
  ReplicationInstanceArn: string;
}

export interface Tag {
  Key: string;
  Value: string;
}

export interface Filter {
  Name: string;
  Values: string[];
}

/** Every page of a description. A filter that nothing matches is a fault of DMS's and thrown. */
async function all<T>(action: string, field: string, filters?: Filter[]): Promise<T[]> {
  const found: T[] = [];
  let marker: string | undefined;
  do {
    const page = await dms<Record<string, unknown>>(action, { MaxRecords: 100, ...(marker && { Marker: marker }), ...(filters && { Filters: filters }) });
    found.push(...((page[field] as T[] | undefined) ?? []));
    marker = page.Marker as string | undefined;
  } while (marker);
  return found;
}

export const certificates = () => all<Certificate>('DescribeCertificates', 'Certificates');
export const endpoints = () => all<Endpoint>('DescribeEndpoints', 'Endpoints');
export const replicationInstances = () => all<ReplicationInstance>('DescribeReplicationInstances', 'ReplicationInstances');

/** A time of the DMS API as everything else here takes it. */
export const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();

export const tagsOf = async (arn: string): Promise<Tag[]> => (await dms<{ TagList: Tag[] }>('ListTagsForResource', { ResourceArn: arn })).TagList;
