# One EC2 instance that runs the app, in a network of its own, with an address that stays when the instance is replaced.
#
#   terraform init && terraform apply -var project_url=https://... -var domain=digits.example.com

terraform {
  required_version = ">= 1.6"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.60"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = local.tags
  }
}

locals {
  tags = { Name = "digit-reader" }
  # The same file as by hand, with the two lines that are one's own.
  with_project = replace(
    file("${path.module}/../../cloud-init.yaml"), "https://github.com/you/digit-reader.git", var.project_url
  )
  cloud_init = replace(local.with_project, " DOMAIN=\n", " DOMAIN=${var.domain}\n")
}

# --- The network -------------------------------------------------------------

resource "aws_vpc" "app" {
  cidr_block           = "10.20.0.0/24"
  enable_dns_hostnames = true
}

resource "aws_internet_gateway" "app" {
  vpc_id = aws_vpc.app.id
}

resource "aws_subnet" "app" {
  vpc_id     = aws_vpc.app.id
  cidr_block = "10.20.0.0/26"
}

resource "aws_route_table" "app" {
  vpc_id = aws_vpc.app.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.app.id
  }
}

resource "aws_route_table_association" "app" {
  subnet_id      = aws_subnet.app.id
  route_table_id = aws_route_table.app.id
}

resource "aws_security_group" "app" {
  name        = "digit-reader"
  description = "HTTP and HTTPS from everywhere. There is no SSH: Session Manager opens a shell."
  vpc_id      = aws_vpc.app.id

  dynamic "ingress" {
    for_each = toset(["80/tcp", "443/tcp", "443/udp"])
    content {
      description = ingress.value
      from_port   = tonumber(split("/", ingress.value)[0])
      to_port     = tonumber(split("/", ingress.value)[0])
      protocol    = split("/", ingress.value)[1]
      cidr_blocks = ["0.0.0.0/0"]
    }
  }

  egress {
    description = "Packages, images and certificates."
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

# --- What the instance may do: be reached by Session Manager, nothing else ---

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "app" {
  name_prefix        = "digit-reader-"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy_attachment" "session_manager" {
  role       = aws_iam_role.app.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_instance_profile" "app" {
  name_prefix = "digit-reader-"
  role        = aws_iam_role.app.name
}

# --- The instance ------------------------------------------------------------

data "aws_ami" "ubuntu" {
  most_recent = true
  owners      = ["099720109477"] # Canonical

  filter {
    name   = "name"
    values = ["ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-${var.architecture}-server-*"]
  }
}

resource "aws_instance" "app" {
  ami                    = data.aws_ami.ubuntu.id
  instance_type          = var.instance_type
  subnet_id              = aws_subnet.app.id
  vpc_security_group_ids = [aws_security_group.app.id]
  iam_instance_profile   = aws_iam_instance_profile.app.name
  user_data              = local.cloud_init
  depends_on             = [aws_route_table_association.app]

  root_block_device {
    volume_size = 25
    volume_type = "gp3"
    encrypted   = true
  }

  # No container reaches the instance's credentials.
  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  lifecycle {
    # A later image of Ubuntu, or a change to the file, is not worth a new, empty server.
    ignore_changes = [ami, user_data]
  }
}

resource "aws_eip" "app" {
  domain = "vpc"
}

resource "aws_eip_association" "app" {
  instance_id   = aws_instance.app.id
  allocation_id = aws_eip.app.id
}
