variable "project_url" {
  description = "Where the server gets the project: a Git repository, or an archive that ends in .tar.gz."
  type        = string
}

variable "domain" {
  description = "The name that will lead to the server, for HTTPS. Empty: only Session Manager reaches the app."
  type        = string
  default     = ""
}

variable "region" {
  description = "The region."
  type        = string
  default     = "eu-central-1"
}

variable "instance_type" {
  description = "The instance's type; the app and its database need 2 GB of memory."
  type        = string
  default     = "t4g.small"
}

variable "architecture" {
  description = "The type's architecture: arm64 (types with a g, such as t4g.small) or amd64."
  type        = string
  default     = "arm64"
}
