# A DigitalOcean droplet that runs the app, with its firewall and an address that stays when the droplet is replaced.
#
#   export DIGITALOCEAN_TOKEN=...
#   terraform init && terraform apply -var project_url=https://... -var domain=digits.example.com -var ssh_key_name=...

terraform {
  required_version = ">= 1.6"
  required_providers {
    digitalocean = {
      source  = "digitalocean/digitalocean"
      version = "~> 2.40"
    }
  }
}

locals {
  # The same file as by hand, with the two lines that are one's own.
  with_project = replace(
    file("${path.module}/../../cloud-init.yaml"), "https://github.com/you/digit-reader.git", var.project_url
  )
  cloud_init = replace(local.with_project, " DOMAIN=\n", " DOMAIN=${var.domain}\n")
}

data "digitalocean_ssh_key" "admin" {
  name = var.ssh_key_name
}

resource "digitalocean_droplet" "app" {
  name       = "digit-reader"
  image      = "ubuntu-24-04-x64"
  region     = var.region
  size       = var.size
  ssh_keys   = [data.digitalocean_ssh_key.admin.id]
  user_data  = local.cloud_init
  monitoring = true
  backups    = true

  lifecycle {
    # A later change to the file is not worth a new, empty server.
    ignore_changes = [user_data]
  }
}

resource "digitalocean_reserved_ip" "app" {
  region = var.region
}

resource "digitalocean_reserved_ip_assignment" "app" {
  ip_address = digitalocean_reserved_ip.app.ip_address
  droplet_id = digitalocean_droplet.app.id
}

# In front of the server, where Docker cannot go round it.
resource "digitalocean_firewall" "app" {
  name        = "digit-reader"
  droplet_ids = [digitalocean_droplet.app.id]

  inbound_rule {
    protocol         = "tcp"
    port_range       = "22"
    source_addresses = var.ssh_from
  }

  inbound_rule {
    protocol         = "tcp"
    port_range       = "80"
    source_addresses = ["0.0.0.0/0", "::/0"]
  }

  inbound_rule {
    protocol         = "tcp"
    port_range       = "443"
    source_addresses = ["0.0.0.0/0", "::/0"]
  }

  inbound_rule {
    protocol         = "udp"
    port_range       = "443"
    source_addresses = ["0.0.0.0/0", "::/0"]
  }

  dynamic "outbound_rule" {
    for_each = ["tcp", "udp"]
    content {
      protocol              = outbound_rule.value
      port_range            = "1-65535"
      destination_addresses = ["0.0.0.0/0", "::/0"]
    }
  }
}
