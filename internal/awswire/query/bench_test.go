package query

import (
	"encoding/xml"
	"fmt"
	"testing"
	"time"
)

type row struct {
	ID       string    `xml:"DBInstanceIdentifier"`
	Class    string    `xml:"DBInstanceClass"`
	Engine   string    `xml:"Engine"`
	Version  string    `xml:"EngineVersion"`
	Status   string    `xml:"DBInstanceStatus"`
	Created  time.Time `xml:"InstanceCreateTime"`
	Storage  int       `xml:"AllocatedStorage"`
	MultiAZ  bool      `xml:"MultiAZ"`
	ARN      string    `xml:"DBInstanceArn"`
	Resource string    `xml:"DbiResourceId"`
	CA       string    `xml:"CACertificateIdentifier"`
	Address  string    `xml:"Endpoint>Address"`
	Port     int       `xml:"Endpoint>Port"`
	Groups   []string  `xml:"VpcSecurityGroups>VpcSecurityGroupId"`
}

func rows() []row {
	out := make([]row, 100)
	for i := range out {
		id := fmt.Sprintf("orders-%03d", i)
		out[i] = row{id, "db.t3.micro", "postgres", "15.18", "available", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), 20, false,
			"arn:aws:rds:us-east-1:123456789012:db:" + id, "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ", "rds-ca-rsa2048-g1", id + ".us-east-1.db.example", 5432, []string{"sg-1", "sg-2"}}
	}
	return out
}

func BenchmarkDescribe100(b *testing.B) {
	list := rows()
	b.ReportAllocs()
	for b.Loop() {
		x := NewResponse("DescribeDBInstances", "4f3a8a5e-0000-4000-8000-000000000000")
		x.List("DBInstances", "DBInstance", len(list), func(i int) {
			r := &list[i]
			x.Text("DBInstanceIdentifier", r.ID)
			x.Text("DBInstanceClass", r.Class)
			x.Text("Engine", r.Engine)
			x.Text("EngineVersion", r.Version)
			x.Text("DBInstanceStatus", r.Status)
			x.Time("InstanceCreateTime", r.Created)
			x.Int("AllocatedStorage", r.Storage)
			x.Bool("MultiAZ", r.MultiAZ)
			x.Text("DBInstanceArn", r.ARN)
			x.Text("DbiResourceId", r.Resource)
			x.Text("CACertificateIdentifier", r.CA)
			x.Open("Endpoint")
			x.Text("Address", r.Address)
			x.Int("Port", r.Port)
			x.Close("Endpoint")
			x.TextList("VpcSecurityGroups", "VpcSecurityGroupId", r.Groups)
		})
		b.SetBytes(int64(len(x.Finish())))
	}
}

func BenchmarkDescribe100EncodingXML(b *testing.B) {
	list := rows()
	b.ReportAllocs()
	for b.Loop() {
		out, err := xml.Marshal(struct {
			XMLName xml.Name `xml:"DescribeDBInstancesResponse"`
			Rows    []row    `xml:"DescribeDBInstancesResult>DBInstances>DBInstance"`
		}{Rows: list})
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(out)))
	}
}

func BenchmarkParse(b *testing.B) {
	const body = "Action=DescribeDBInstances&Version=2014-10-31&Filters.Filter.1.Name=engine&Filters.Filter.1.Values.Value.1=mysql&MaxRecords=20"
	b.ReportAllocs()
	for b.Loop() {
		p, err := parseBody(body)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Filters(&p, "engine"); err != nil {
			b.Fatal(err)
		}
	}
}
