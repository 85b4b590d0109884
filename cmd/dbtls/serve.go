package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/serve"
)

func serveCommand() *cobra.Command {
	o := serve.Options{Credentials: os.Getenv("CREDENTIALS_DIRECTORY"), Version: version}
	verbose := false
	c := &cobra.Command{
		Use:   "serve --data DIR",
		Short: "Run the server",
		Long: `Run the server. All state lives under --data. One line, "ready https://HOST:PORT",
goes to standard output when requests are answered; the log goes to standard error.

Databases are processes of their own: they run on when dbtls ends, however it
ends, and are adopted when it starts again.`,
		Example: `  dbtls serve --data /var/lib/dbtls
  dbtls serve --data /var/lib/dbtls --master-key-file /etc/dbtls/master.key
  dbtls serve --data ./d --regions us-east-1,eu-central-1 --ca-2019-life 720h   # practise leaving an expiring CA`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			level := slog.LevelInfo
			if verbose {
				level = slog.LevelDebug
			}
			log := slog.New(slog.NewTextHandler(c.ErrOrStderr(), &slog.HandlerOptions{Level: level}))
			return serve.Run(c.Context(), o, c.OutOrStdout(), log)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Data, "data", "", "directory for all state; made when it is not there")
	f.StringVar(&o.Listen, "listen", "127.0.0.1:7443", "address and port of the API and the bundles, HTTPS only; port 0 takes a free one")
	f.StringVar(&o.Region, "region", "us-east-1", "the server's own region")
	f.StringSliceVar(&o.Regions, "regions", nil, "more regions to enable, separated by commas")
	f.StringVar(&o.Account, "account", "123456789012", "account id in ARNs")
	f.StringVar(&o.Provider, "provider", "local", "where instances of AWS classes live: local or simulated")
	f.StringVar(&o.EndpointDomain, "endpoint-domain", "", "instances are NAME.REGION.DOMAIN, which must resolve to an address of this machine; default: a loopback address each")
	f.StringVar(&o.MasterKeyFile, "master-key-file", "", "file with the master key, 32 bytes in base64 (default: the systemd credential dbtls-master-key, else master.key under --data, which is weak)")
	f.DurationVar(&o.Overlap, "overlap", 90*24*time.Hour, "how long after a CA change clients of the old CA are still covered; 0: not at all")
	f.DurationVar(&o.Life2019, "ca-2019-life", 0, "how long rds-ca-2019 lives, counted from when it is made (default: 5 years)")
	f.IntVar(&o.Parallel, "parallel", 4, "instances worked on at a time")
	f.BoolVar(&verbose, "verbose", false, "log more")
	return c
}
